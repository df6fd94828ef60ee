// The token: taken from the fragment at once, kept in this tab only.

const KEY = "mediaops.token";
const WHY = "mediaops.signedOut";
let inMemory = null;

const store = (token) => {
  inMemory = token;
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // A browser may forbid storage: the tab stays signed in until it is reloaded.
  }
};

export const token = () => {
  if (inMemory !== null) return inMemory;
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
};

/** Why is told after the reload that clears the page. */
const remember = (why, workspace = null) => {
  try {
    sessionStorage.setItem(WHY, JSON.stringify({ why, workspace }));
  } catch {
    // Then it is only said that there is none.
  }
};

/** Moves a token out of the address. True when the address was a sign-in link. */
export const takeToken = () => {
  if (!location.hash.startsWith("#token=")) return false;
  const match = /^#token=([A-Za-z0-9._~-]+)$/.exec(location.hash);
  history.replaceState(null, "", location.pathname + location.search);
  if (match !== null) store(match[1]);
  else if (token() === null) remember("broken");
  return true;
};

/** The workspace that a token names, to help with the next link; it proves nothing. */
const workspaceIn = (held) => {
  try {
    const claims = held.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const { workspace } = JSON.parse(atob(claims));
    return /^[a-z0-9][a-z0-9_-]{0,62}$/.test(workspace) ? workspace : null;
  } catch {
    return null;
  }
};

export const forgetToken = (why) => {
  remember(why, workspaceIn(token()));
  store(null);
};

/** Why this tab has no token (`none`, `broken`, `expired` or `left`), and where it was signed in. */
export const whySignedOut = () => {
  try {
    const told = JSON.parse(sessionStorage.getItem(WHY));
    sessionStorage.removeItem(WHY);
    return told ?? { why: "none", workspace: null };
  } catch {
    return { why: "none", workspace: null };
  }
};
