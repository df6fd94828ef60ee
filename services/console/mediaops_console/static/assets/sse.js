// Reads text/event-stream as the standard says, from pieces that break anywhere.

/** Returns a function that takes pieces of text and calls back for each whole event. */
export const sseReader = (onEvent, onRetry = () => {}) => {
  let rest = "";
  let lastId = "";
  let type = "";
  let lines = [];
  let sawCarriageReturn = false;
  let isFirst = true;

  const field = (name, value) => {
    if (name === "data") lines.push(value);
    else if (name === "event") type = value;
    else if (name === "id" && !value.includes("\0")) lastId = value;
    else if (name === "retry" && /^\d+$/.test(value)) onRetry(Number(value));
  };

  const line = (content) => {
    if (content === "") {
      if (lines.length > 0) onEvent({ id: lastId, type: type || "message", data: lines.join("\n") });
      lines = [];
      type = "";
      return;
    }
    const colon = content.indexOf(":");
    if (colon === 0) return;
    if (colon < 0) field(content, "");
    else field(content.slice(0, colon), content.slice(colon + 1).replace(/^ /, ""));
  };

  return (piece) => {
    let text = piece;
    if (isFirst && text !== "") {
      isFirst = false;
      text = text.replace(/^\ufeff/, "");
    }
    if (sawCarriageReturn && text.startsWith("\n")) text = text.slice(1);
    if (text !== "") sawCarriageReturn = text.endsWith("\r");
    const parts = (rest + text).split(/\r\n|\r|\n/);
    rest = parts.pop();
    parts.forEach(line);
  };
};
