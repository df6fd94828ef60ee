// Lines for a POSIX shell. What they hold is quoted, so nothing in a name can become a command.

export const quoted = (text) => `'${String(text).replaceAll("'", `'\\''`)}'`;

const NOW = "$(date -u +%Y-%m-%dT%H:%M:%SZ)";

export const tokenLine = (workspace) =>
  `MEDIAOPS_TOKEN=$(./run token create --workspace ${quoted(workspace)} --role owner | tail -n 1)`;

/** Posts one activity of a person to a channel. */
export const activityLines = ({ origin, workspace, channelId }) =>
  [
    tokenLine(workspace),
    `channel=${quoted(channelId)}`,
    `body='[{"channel_id":"'"$channel"'","type":"like.created","actor":{"external_id":"reader-1"},"content":{"external_id":"article-1"},"occurred_at":"'"${NOW}"'"}]'`,
    `curl -sS ${quoted(`${origin}/ingest/v1/activities`)} \\`,
    `  -H "Authorization: Bearer $MEDIAOPS_TOKEN" -H 'Content-Type: application/json' \\`,
    `  --data-binary "$body"`,
  ].join("\n");

/** Signs one webhook as Standard Webhooks says and sends it to a hook URL. */
export const hookLines = ({ hookUrl, secret }) =>
  [
    `hook=${quoted(hookUrl)}`,
    `secret=${quoted(secret)}`,
    `id=msg_$(openssl rand -hex 12)`,
    `timestamp=$(date +%s)`,
    `body='{"type":"view.recorded","timestamp":"'"${NOW}"'","data":{"actor":{"external_id":"reader-1"},"content":{"external_id":"article-1"}}}'`,
    `key=$(printf %s "\${secret#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')`,
    `signature=$(printf %s "$id.$timestamp.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)`,
    `curl -sS -w '%{http_code}\\n' "$hook" -H 'Content-Type: application/json' \\`,
    `  -H "webhook-id: $id" -H "webhook-timestamp: $timestamp" -H "webhook-signature: v1,$signature" \\`,
    `  --data-binary "$body"`,
  ].join("\n");
