// The live section: the chart, fed by a query at first and by the stream from then on.

import { get } from "./api.js";
import { Chart } from "./chart.js";
import { $, el, fill } from "./dom.js";
import { t } from "./language.js";
import { Minutes, SERIES } from "./minutes.js";
import { skew } from "./numbers.js";
import { showProblem } from "./parts.js";
import { Stream } from "./stream.js";

const OPENED = "stream.opened";

export class Live {
  /** `onNews` is called when the stream says that something happened. */
  constructor(onNews) {
    this.onNews = onNews;
    this.minutes = new Minutes();
    this.chosen = SERIES[0];
    this.state = "stopped";
    this.problem = null;
    this.chart = new Chart($("chart"), $("chart-at"));
    this.stream = new Stream("/insights/v1/stream", {
      onEvent: (event) => this.#take(event),
      onState: (state, problem) => this.#setState(state, problem ?? null),
    });
    this.stale = false;
    this.resumes = 0;
  }

  start() {
    this.stream.start();
    this.timer ??= setInterval(() => this.tick(), 1_000);
  }

  stop() {
    this.stream.stop();
    clearInterval(this.timer);
    this.timer = undefined;
  }

  async ask() {
    const query = new URLSearchParams([["granularity", "minute"], ...SERIES.map((name) => ["metric", name])]);
    this.minutes.beforeRows();
    // Without a range it is the last hour by the server's clock.
    const answer = await get(`/insights/v1/metrics/query?${query}`);
    this.minutes.takeRows(Array.isArray(answer?.items) ? answer.items : []);
    this.stale = false;
    this.tick();
  }

  #take(event) {
    if (event.type === OPENED) return;
    let message = null;
    try {
      message = JSON.parse(event.data);
    } catch {
      // Not ours to read.
    }
    // What cannot be drawn at once (a reset above all) is asked for with the next round.
    if (!this.minutes.takeMessage(message)) this.stale = true;
    this.tick();
    this.onNews(message);
  }

  #setState(state, problem) {
    // After an interruption the stream resumes, but minutes may have passed unseen.
    if (state === "live" && this.resumes++ > 0) this.stale = true;
    this.state = state;
    this.problem = problem !== null && !problem.isUnreachable ? problem : null;
    this.#renderState();
  }

  /** The chart moves on with the clock also when nothing happens. */
  tick() {
    const now = Math.floor((Date.now() + skew()) / 60_000);
    this.chart.show(this.minutes.until(now, this.chosen), t(`tile.${this.chosen}`));
  }

  render() {
    this.#renderState();
    this.#renderChoice();
    this.tick();
  }

  #renderState() {
    const place = $("live-state");
    place.className = `state ${this.state}`;
    fill(place, el("span", { class: "dot", "aria-hidden": "true" }), t(`live.state.${this.state}`));
    showProblem($("live-problem"), this.problem);
  }

  #renderChoice() {
    fill(
      $("live-metrics"),
      SERIES.map((name) =>
        el(
          "button",
          {
            type: "button",
            "aria-pressed": String(name === this.chosen),
            "data-series": name,
            click: () => {
              this.chosen = name;
              for (const button of $("live-metrics").children) {
                button.setAttribute("aria-pressed", String(button.dataset.series === name));
              }
              this.tick();
            },
          },
          t(`tile.${name}`),
        ),
      ),
    );
  }
}
