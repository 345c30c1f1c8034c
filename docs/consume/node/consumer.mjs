// A team's consumer with @nats-io/jetstream. NATS_URL holds server and login: nats://reader-billing:…@nats:4222
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

const { hostname, port, username, password } = new URL(process.env.NATS_URL);
const client = await connect({
  servers: `${hostname}:${port}`,
  user: username,
  pass: decodeURIComponent(password),
  inboxPrefix: `_INBOX_${username}`,
});
const mine = await jetstream(client).consumers.get("PANELS", username);
for await (const message of await mine.consume()) {
  console.log(message.headers.get("ce-id"), message.headers.get("ce-type"), JSON.stringify(message.json()));
  message.ack();
}
