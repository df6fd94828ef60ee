// The channels and sources of the workspace, as the other sections need them.

import { get } from "./api.js";

export const accounts = { channels: [], sources: [], adapters: [], isKnown: false };

const itemsOf = (answer) => (Array.isArray(answer?.items) ? answer.items : []);

export const askAccounts = async () => {
  const [channels, sources] = await Promise.all([
    get("/ingest/v1/channels?limit=1000"),
    get("/ingest/v1/sources?limit=1000"),
  ]);
  accounts.channels = itemsOf(channels);
  accounts.sources = itemsOf(sources);
  accounts.isKnown = true;
};

/** A key is required when no complete proof does without it and it is not ours to make. */
const keyOf = (key, proofs) => ({
  name: String(key.name),
  help: typeof key.help === "string" ? key.help : "",
  isList: key.form === "list",
  choices: Array.isArray(key.choices) ? key.choices.map(String) : [],
  isGenerated: key.is_generated === true,
  isRequired: key.is_generated !== true && proofs.length > 0 && proofs.every((proof) => proof.includes(key.name)),
});

export const askAdapters = async () => {
  accounts.adapters = itemsOf(await get("/ingest/v1/adapters")).map((adapter) => ({
    name: String(adapter.name),
    title: typeof adapter.title === "string" ? adapter.title : String(adapter.name),
    platform: adapter.platform ?? null,
    isOpen: (adapter.proofs ?? []).length === 0,
    keys: (adapter.keys ?? []).map((key) => keyOf(key, adapter.proofs ?? [])),
  }));
};

export const channelOf = (source) => accounts.channels.find((channel) => channel.id === source?.channel_id);

/** The implicit sources of the API are no connections that somebody made. */
export const isOwn = (source) => source.adapter !== "api";

/** Where a delivery came in: its channel's name and its source's adapter, where they are known. */
export const originOf = (delivery) => {
  const source = accounts.sources.find((one) => one.id === delivery.source_id);
  const channel = channelOf(source ?? delivery);
  // The implicit source of the API is in no list; the delivery names its channel all the same.
  const adapter = source?.adapter ?? (channel === undefined ? null : "api");
  return { channel: channel?.name ?? null, adapter };
};
