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

/** Moves a token out of the address. True when there was one. */
export const takeToken = () => {
  const match = /^#token=([A-Za-z0-9._~-]+)$/.exec(location.hash);
  if (location.hash.startsWith("#token=")) {
    history.replaceState(null, "", location.pathname + location.search);
  }
  if (match === null) return false;
  store(match[1]);
  return true;
};

/** Forgets the token; why is told after the reload that clears the page. */
export const forgetToken = (why) => {
  store(null);
  try {
    sessionStorage.setItem(WHY, why);
  } catch {
    // Then it is only said that there is none.
  }
};

/** Why this tab has no token: `none`, `expired` or `left`. */
export const whySignedOut = () => {
  try {
    const why = sessionStorage.getItem(WHY);
    sessionStorage.removeItem(WHY);
    return why ?? "none";
  } catch {
    return "none";
  }
};
