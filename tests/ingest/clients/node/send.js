// Sends to a hook with the library that is named, and prints the statuses it heard.
// Usage: node send.js LIBRARY HOOK_URL SECONDS SECRETS_AS_JSON

const [library, url, seconds, secretsText] = process.argv.slice(2);
const secrets = JSON.parse(secretsText);
const like = { type: "like.created", data: { actor: { external_id: "u1" } } };

async function post(to, body, headers) {
  const answer = await fetch(to, { method: "POST", body, headers });
  console.log(answer.status);
}

const senders = {
  async standardwebhooks() {
    const { Webhook } = await import("standardwebhooks");
    const body = JSON.stringify(like);
    const signature = new Webhook(secrets.secret).sign("msg_1", new Date(seconds * 1000), body);
    const headers = {
      "webhook-id": "msg_1",
      "webhook-timestamp": seconds,
      "webhook-signature": signature,
    };
    await post(url, body, headers);
    await post(url, body + " ", headers);
  },

  async wecom() {
    const crypto = (await import("@wecom/crypto")).default;
    const message =
      "<xml><ToUserName>gh_1</ToUserName><FromUserName>fan</FromUserName>" +
      `<CreateTime>${seconds}</CreateTime><MsgType>event</MsgType><Event>subscribe</Event></xml>`;
    const sealed = crypto.encrypt(secrets.encoding_aes_key, message, secrets.app_id);
    const covering = crypto.getSignature(secrets.token, seconds, "n1", sealed);
    const query = `timestamp=${seconds}&nonce=n1&encrypt_type=aes&msg_signature=${covering}`;
    const body = `<xml><ToUserName>gh_1</ToUserName><Encrypt>${sealed}</Encrypt></xml>`;
    await post(`${url}?${query}`, body, { "content-type": "text/xml" });
  },

  async segment() {
    const { Analytics } = await import("@segment/analytics-node");
    const { origin, pathname } = new URL(url);
    const analytics = new Analytics({
      writeKey: secrets.write_key,
      host: origin,
      path: `${pathname}/v1/batch`,
      maxRetries: 0,
    });
    analytics.on("http_request", () => console.log("sent"));
    analytics.on("error", (error) => console.log("failed", error.code));
    const userId = "u1";
    analytics.identify({ userId, traits: { name: "林" } });
    analytics.track({ userId, event: "Video Played", properties: { content_asset_id: "v1" } });
    analytics.page({ userId, name: "Home" });
    analytics.screen({ userId, name: "Home" });
    analytics.group({ userId, groupId: "g1" });
    analytics.alias({ userId, previousId: "old" });
    await analytics.closeAndFlush();
  },

  async matomo() {
    const MatomoTracker = (await import("matomo-tracker")).default;
    const tracker = new MatomoTracker(1, `${url}/matomo.php`);
    tracker.on("error", (error) => console.log("failed", error));
    tracker.track({ url: "https://s.example/a", uid: "u1" });
    const several = [
      { url: "https://s.example/b", e_c: "media", e_a: "play" },
      { url: "https://s.example/c" },
    ];
    await new Promise((done) => tracker.trackBulk(several, done));
  },

  async cloudevents() {
    const { CloudEvent, HTTP } = await import("cloudevents");
    const event = new CloudEvent({
      id: "ce-1",
      source: "/partners/1",
      type: "com.mediaops.like.created",
      time: new Date(seconds * 1000).toISOString(),
      data: like.data,
    });
    for (const write of [HTTP.binary, HTTP.structured]) {
      const message = write(event);
      const body = typeof message.body === "string" ? message.body : JSON.stringify(message.body);
      await post(url, body, message.headers);
    }
  },
};

await senders[library]();
