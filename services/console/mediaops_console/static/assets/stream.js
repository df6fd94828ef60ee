// Follows the live stream over fetch, because EventSource cannot send a token.

import { authorised, problemOf, refused } from "./api.js";
import { sseReader } from "./sse.js";

const SILENCE_MS = 60_000;
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

/** Keeps one stream open until `stop`; resumes after the last event that was read. */
export class Stream {
  constructor(path, { onEvent, onState }) {
    this.path = path;
    this.onEvent = onEvent;
    this.onState = onState;
    this.lastId = null;
    this.retryMs = null;
    this.failures = 0;
    this.running = null;
  }

  start() {
    if (this.running !== null) return;
    this.running = new AbortController();
    this.#follow(this.running);
  }

  stop() {
    this.running?.abort();
    this.running = null;
    this.onState("stopped");
  }

  async #follow(mine) {
    while (!mine.signal.aborted) {
      this.onState("connecting");
      try {
        await this.#once(mine.signal);
      } catch (error) {
        if (mine.signal.aborted) return;
        if (error?.status === 401) {
          refused();
          return;
        }
        // A place that the stream does not know must not be asked for for ever.
        if (error?.status >= 400 && error.status < 500) this.lastId = null;
        this.onState("waiting", error?.title === undefined ? null : error);
      }
      const backOff = PAUSES_MS[Math.min(this.failures, PAUSES_MS.length - 1)];
      const pause = Math.max(this.retryMs ?? 0, backOff);
      this.failures += 1;
      await new Promise((resolve) => setTimeout(resolve, pause * (0.75 + Math.random() / 2)));
    }
  }

  async #once(stopped) {
    const headers = authorised({ Accept: "text/event-stream" });
    if (this.lastId !== null) headers["Last-Event-ID"] = this.lastId;
    const silent = new AbortController();
    const options = { headers, cache: "no-store", credentials: "omit", redirect: "error" };
    const answer = await fetch(this.path, { ...options, signal: AbortSignal.any([stopped, silent.signal]) });
    if (!answer.ok) throw await problemOf(answer);
    this.onState("live");
    const read = sseReader(
      (event) => {
        // An event without an id leaves the place to resume from as it was.
        if (event.id !== "") this.lastId = event.id;
        this.onEvent(event);
      },
      (ms) => {
        this.retryMs = Math.min(Math.max(ms, 100), 60_000);
      },
    );
    const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let timer = setTimeout(() => silent.abort(), SILENCE_MS);
    try {
      for (;;) {
        const { done, value } = await pieces.read();
        if (done) return;
        // A stream that speaks is well: the next fault is the first again.
        this.failures = 0;
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(), SILENCE_MS);
        read(value);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
