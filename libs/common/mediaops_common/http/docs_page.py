"""A page that shows a service's OpenAPI description, without anything from elsewhere."""

import base64
import hashlib

from starlette.responses import HTMLResponse

__all__ = ["docs_response"]

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
summary{cursor:pointer;padding:.3rem 0}code,pre{font:13px/1.4 ui-monospace,monospace}
pre{background:#8881;padding:.6rem;overflow:auto}b{display:inline-block;min-width:4.5rem}
h2{border-bottom:1px solid #8884}small{opacity:.7}
"""

SCRIPT = """
const main = document.querySelector('main');
const add = (parent, tag, text) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
};
fetch('openapi.json').then((answer) => answer.json()).then((api) => {
  add(main, 'h1', api.info.title + ' ' + api.info.version);
  const groups = {};
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, operation] of Object.entries(methods))
      (groups[(operation.tags || ['other'])[0]] ||= []).push([method, path, operation]);
  for (const [group, operations] of Object.entries(groups)) {
    add(main, 'h2', group);
    for (const [method, path, operation] of operations) {
      const details = add(main, 'details');
      const summary = add(details, 'summary');
      add(summary, 'b', method.toUpperCase());
      add(summary, 'code', path);
      add(summary, 'small', '  ' + operation.operationId);
      if (operation.description) add(details, 'p', operation.description);
      const parts = { parameters: operation.parameters, body: operation.requestBody,
        answers: operation.responses };
      for (const [name, part] of Object.entries(parts))
        if (part) {
          add(details, 'small', name);
          add(details, 'pre', JSON.stringify(part, null, 1));
        }
    }
  }
  add(main, 'h2', 'schemas');
  for (const [name, schema] of Object.entries((api.components || {}).schemas || {})) {
    const details = add(main, 'details');
    add(details, 'summary', name);
    add(details, 'pre', JSON.stringify(schema, null, 1));
  }
}).catch((error) => add(main, 'p', 'The description could not be read: ' + error));
"""


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


POLICY = (
    f"default-src 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def docs_response(name: str) -> HTMLResponse:
    """The page of one service; its script and style are named by their hashes in the policy."""
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>mediaops {name}</title>'
        f"<style>{STYLE}</style><main></main><script>{SCRIPT}</script></html>"
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})
