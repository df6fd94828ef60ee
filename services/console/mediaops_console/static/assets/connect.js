// The form that makes a channel and a source, and shows hook URL and secrets once.

import { accounts } from "./accounts.js";
import { Problem, post } from "./api.js";
import { testControl } from "./connections.js";
import { $, el, fill } from "./dom.js";
import { hasText, t } from "./language.js";
import { copyable, showProblem } from "./parts.js";

const PLATFORMS = ["douyin", "wechat-oa", "kuaishou", "weibo", "xiaohongshu", "bilibili", "tiktok", "site", "generic"];
const FIRST_ADAPTER = "standard-webhooks";

/** What was just made, with its secrets: only here, until the page is left. */
let made = null;
export const lastMade = () => made;

let onMade = () => {};
export const whenMade = (listener) => {
  onMade = listener;
};

const field = (name, label, control, hint) => {
  control.id = `field-${name}`;
  control.name = name;
  const hintId = `hint-${name}`;
  if (hint !== undefined) control.setAttribute("aria-describedby", hintId);
  return el(
    "div",
    { class: "field" },
    el("label", { for: control.id }, label),
    control,
    hint === undefined ? null : el("small", { id: hintId, class: "soft" }, hint),
  );
};

const text = (attributes = {}) => el("input", { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off", ...attributes });

const titleOf = (adapter) => (hasText(`adapter.${adapter.name}`) ? t(`adapter.${adapter.name}`) : `${adapter.title} (${adapter.name})`);

const adapterNamed = (name) => accounts.adapters.find((adapter) => adapter.name === name);

const channelFields = () => {
  const platforms = new Set([...accounts.adapters.map((adapter) => adapter.platform).filter(Boolean), ...PLATFORMS]);
  const owners = el(
    "select",
    {},
    ["organisation", "individual"].map((kind) => el("option", { value: kind }, t(`connect.owner.${kind}`))),
  );
  return el(
    "div",
    { class: "fields", id: "new-channel" },
    field("name", t("connect.name"), text({ maxlength: 200, required: true })),
    field("platform", t("connect.platform"), text({ list: "platforms", maxlength: 40, pattern: "[a-z0-9\\-]{1,40}", required: true }), t("connect.platform.hint")),
    field("external_id", t("connect.externalId"), text({ maxlength: 200, required: true })),
    field("owner_kind", t("connect.owner"), owners),
    el("datalist", { id: "platforms" }, [...platforms].map((platform) => el("option", { value: platform }))),
  );
};

const channelOptions = () => [
  el("option", { value: "" }, t("connect.channel.new")),
  ...accounts.channels.map((channel) => el("option", { value: channel.id }, `${channel.name} · ${channel.platform}`)),
];

let offered = "";

/** Offers the channels that there are now, without touching what is being typed. */
export const renderChannels = () => {
  const now = JSON.stringify(accounts.channels);
  const choice = $("field-channel");
  if (now === offered || choice === null) return;
  offered = now;
  const before = choice.value;
  fill(choice, channelOptions());
  choice.value = accounts.channels.some((channel) => channel.id === before) ? before : "";
  $("new-channel").hidden = choice.value !== "";
};

const channelChoice = () => {
  const choice = el("select", {}, channelOptions());
  choice.addEventListener("change", () => {
    $("new-channel").hidden = choice.value !== "";
  });
  return field("channel", t("connect.channel.which"), choice);
};

const controlOf = (key) => {
  if (key.choices.length > 0) {
    return el("select", {}, el("option", { value: "" }, "–"), key.choices.map((choice) => el("option", { value: choice }, choice)));
  }
  if (key.isList) return el("textarea", { rows: 2, autocomplete: "off", spellcheck: "false" });
  return text({ maxlength: 4096, required: key.isRequired });
};

/** The adapter's own words, unless the page has better ones in its language. */
const helpOf = (key) => {
  const known = `help.${$("field-adapter").value}.${key.name}`;
  return hasText(known) ? t(known) : key.help;
};

const secretField = (key) => {
  const control = controlOf(key);
  control.dataset.secret = key.name;
  const hints = [
    helpOf(key),
    key.isList ? t("connect.secrets.list") : "",
    key.isGenerated ? t("connect.secrets.generated") : key.isRequired || key.help !== "" ? "" : t("connect.secrets.optional"),
  ].filter(Boolean);
  return field(`secrets.${key.name}`, el("code", {}, key.name), control, hints.length > 0 ? hints.join(" · ") : undefined);
};

const renderSecrets = () => {
  const adapter = adapterNamed($("field-adapter").value);
  const keys = adapter?.keys ?? [];
  const usual = keys.filter((key) => key.isRequired || key.isGenerated);
  const more = keys.filter((key) => !usual.includes(key));
  fill(
    $("secret-fields"),
    adapter?.isOpen ? el("p", { class: "soft" }, t("connect.secrets.none")) : null,
    usual.map(secretField),
    usual.length === 0 || more.length === 0
      ? more.map(secretField)
      : el("details", {}, el("summary", {}, t("connect.secrets.more")), el("div", { class: "fields" }, more.map(secretField))),
  );
};

const adapterChoice = () => {
  const choice = el(
    "select",
    {},
    accounts.adapters.map((adapter) => el("option", { value: adapter.name }, titleOf(adapter))),
  );
  if (adapterNamed(FIRST_ADAPTER)) choice.value = FIRST_ADAPTER;
  choice.addEventListener("change", () => {
    renderSecrets();
    const platform = adapterNamed(choice.value)?.platform;
    const input = $("field-platform");
    if (platform && (input.value === "" || input.dataset.guessed === input.value)) {
      input.value = platform;
      input.dataset.guessed = platform;
    }
  });
  return field("adapter", t("connect.adapter"), choice);
};

/** Values survive a change of language; a new list of channels keeps them as well. */
const valuesOf = (form) =>
  Object.fromEntries([...form.elements].filter((control) => control.name !== "").map((control) => [control.name, control.value]));

export const renderForm = () => {
  const form = $("connect-form");
  const before = valuesOf(form);
  const focused = document.activeElement?.id;
  fill(
    form,
    el("fieldset", {}, el("legend", {}, t("connect.channel")), channelChoice(), channelFields()),
    el("fieldset", {}, el("legend", {}, t("connect.source")), adapterChoice(), el("div", { class: "fields", id: "secret-fields" })),
    el("button", { type: "submit", class: "primary", id: "connect-do" }, t("connect.do")),
  );
  const restore = () => {
    for (const control of form.elements) {
      if (before[control.name] === undefined || before[control.name] === "") continue;
      const isChoice = control instanceof HTMLSelectElement;
      if (!isChoice || [...control.options].some((option) => option.value === before[control.name])) control.value = before[control.name];
    }
  };
  restore();
  renderSecrets();
  restore();
  $("new-channel").hidden = $("field-channel").value !== "";
  if (focused?.startsWith("field-")) $(focused)?.focus({ preventScroll: true });
  renderResult();
};

const mark = (form, names) => {
  for (const control of form.elements) {
    const isWrong = names.some((name) => name === control.name || name === control.name.replace(/^secrets\./, ""));
    if (isWrong) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
  form.querySelector("[aria-invalid]")?.focus();
};

/** The first thing that is missing, as a problem like any other. */
const missing = (form) => {
  const controls = [...form.elements].filter((control) => control.name !== "" && control.offsetParent !== null);
  const wrong = controls.find((control) => !control.checkValidity() || (control.required && control.value.trim() === ""));
  if (wrong === undefined) return null;
  const label = form.querySelector(`label[for="${CSS.escape(wrong.id)}"]`).textContent;
  const detail = wrong.value.trim() === "" ? "" : wrong.validationMessage;
  return new Problem({ status: 422, title: t("connect.required", { field: label }), detail, errors: [{ field: wrong.name }] });
};

const secretsOf = (form) => {
  const secrets = {};
  for (const control of form.querySelectorAll("[data-secret]")) {
    const value = control.value.trim();
    if (value === "") continue;
    secrets[control.dataset.secret] = control instanceof HTMLTextAreaElement ? value.split("\n").map((line) => line.trim()).filter(Boolean) : value;
  }
  return secrets;
};

const makeChannel = async (form) => {
  const chosen = form.elements.channel.value;
  if (chosen !== "") return accounts.channels.find((channel) => channel.id === chosen);
  const body = {
    platform: form.elements.platform.value.trim(),
    external_id: form.elements.external_id.value.trim(),
    name: form.elements.name.value.trim(),
    owner_kind: form.elements.owner_kind.value,
  };
  const channel = { ...body, ...(await post("/ingest/v1/channels", body)) };
  // When the source fails now, the next try uses this channel and does not make another.
  accounts.channels = [channel, ...accounts.channels.filter((one) => one.id !== channel.id)];
  renderChannels();
  form.elements.channel.value = channel.id;
  $("new-channel").hidden = true;
  return channel;
};

const submit = async (form) => {
  const button = $("connect-do");
  showProblem($("connect-problem"), null);
  mark(form, []);
  try {
    const wrong = missing(form);
    if (wrong !== null) throw wrong;
    button.disabled = true;
    button.textContent = t("connect.doing");
    const channel = await makeChannel(form);
    const adapter = form.elements.adapter.value;
    const secrets = secretsOf(form);
    const body = { channel_id: channel.id, adapter, ...(Object.keys(secrets).length > 0 ? { secrets } : {}) };
    const source = await post("/ingest/v1/sources", body);
    made = { channel, adapter, source };
    fill(form);
    renderForm();
    $("connect-result").focus();
    onMade();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    showProblem($("connect-problem"), problem);
    mark(form, problem.errors.map((one) => String(one?.field ?? "")));
  } finally {
    $("connect-do").disabled = false;
    $("connect-do").textContent = t("connect.do");
  }
};

const secretRows = (secrets) =>
  Object.entries(secrets ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => copyable(t("connect.secret", { name }), String(one))),
  );

const renderResult = () => {
  if (made === null) {
    fill($("connect-result"));
    return;
  }
  const { button, said } = testControl(made.source.id, "primary");
  fill(
    $("connect-result"),
    el(
      "div",
      { class: "made" },
      el("h3", {}, t("connect.made")),
      el("p", { class: "soft" }, t("connect.made.detail")),
      copyable(t("connect.hook"), String(made.source.hook_url)),
      secretRows(made.source.secrets),
      button,
      said,
    ),
  );
};

export const startForm = () => {
  $("connect-form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit(event.currentTarget);
  });
};
