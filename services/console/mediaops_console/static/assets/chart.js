// Bars for the last hour, drawn as SVG; every bar can be read by pointer and by keyboard.

import { fill, svg } from "./dom.js";
import { clock, short, whole } from "./formats.js";
import { t } from "./language.js";

const LEFT = 44;
const BOTTOM = 24;
const TOP = 10;

/** A round number at or above the highest value, so that the axis reads well. */
export const ceiling = (highest) => {
  if (highest <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(highest));
  return [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= highest && Number.isInteger(step / 2)) ?? 10 * power;
};

export class Chart {
  constructor(place, tip) {
    this.place = place;
    this.tip = tip;
    this.rows = [];
    this.name = "";
    this.picked = null;
    new ResizeObserver(() => this.draw()).observe(place);
    place.addEventListener("pointermove", (event) => this.#pickAt(event));
    place.addEventListener("pointerleave", () => this.#pick(null));
    place.addEventListener("blur", () => this.#pick(null));
    place.addEventListener("keydown", (event) => this.#step(event));
  }

  show(rows, name) {
    this.rows = rows;
    this.name = name;
    this.draw();
  }

  draw() {
    const width = this.place.clientWidth;
    const height = this.place.clientHeight;
    if (width === 0 || this.rows.length === 0) return;
    const top = ceiling(Math.max(...this.rows.map((row) => row.value)));
    const inner = { width: width - LEFT - 4, height: height - TOP - BOTTOM };
    const y = (value) => TOP + inner.height * (1 - Math.max(0, value) / top);
    const step = inner.width / this.rows.length;
    const x = (index) => LEFT + index * step;
    const total = this.rows.reduce((sum, row) => sum + row.value, 0);
    const now = this.rows.at(-1).value;
    this.place.setAttribute("aria-label", t("live.summary", { name: this.name, now: whole(now), total: whole(total) }));
    fill(
      this.place,
      svg(
        "svg",
        { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
        [0, 0.5, 1].map((share) => this.#gridLine(y(top * share), top * share, width)),
        this.#minuteLabels(x, step, height),
        this.rows.map((row, index) =>
          svg("rect", {
            class: `bar${index === this.rows.length - 1 ? " now" : ""}${index === this.picked ? " picked" : ""}`,
            x: (x(index) + step * 0.14).toFixed(2),
            width: (step * 0.72).toFixed(2),
            y: y(row.value).toFixed(2),
            height: Math.max(0, y(0) - y(row.value)).toFixed(2),
            rx: Math.min(3, step * 0.25).toFixed(2),
          }),
        ),
        total === 0 ? svg("text", { class: "quiet", x: LEFT + inner.width / 2, y: TOP + inner.height / 2, "text-anchor": "middle" }, t("live.quiet")) : null,
      ),
    );
  }

  #gridLine(y, value, width) {
    return svg(
      "g",
      { class: "grid" },
      svg("line", { x1: LEFT, x2: width - 4, y1: y, y2: y }),
      svg("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, short(value)),
    );
  }

  #minuteLabels(x, step, height) {
    const every = step * 10 < 52 ? 20 : 10;
    return this.rows.map((row, index) => {
      const isMark = row.at.getUTCMinutes() % every === 0;
      const hasRoom = x(index) > LEFT + 10 && index < this.rows.length - 2;
      if (!isMark || !hasRoom) return null;
      return svg("text", { class: "minute", x: x(index) + step / 2, y: height - 6, "text-anchor": "middle" }, clock(row.at));
    });
  }

  #pickAt(event) {
    const box = this.place.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (box.width - LEFT - 4);
    this.#pick(share < 0 || share >= 1 ? null : Math.floor(share * this.rows.length));
  }

  #step(event) {
    const last = this.rows.length - 1;
    const from = this.picked ?? last + 1;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last, Escape: null }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#pick(to === null ? null : Math.min(last, Math.max(0, to)));
  }

  #pick(index) {
    if (index === this.picked) return;
    this.picked = index;
    this.draw();
    const row = index === null ? undefined : this.rows[index];
    this.tip.textContent = row === undefined ? "" : t("live.at", { time: clock(row.at), value: `${whole(row.value)} ${this.name}` });
  }
}
