// The official Node library checks what the tests' Discord signs. Reads one request per line.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const require = createRequire(pathToFileURL(path.join(process.cwd(), "package.json")));
const { verifyKey } = await import(pathToFileURL(require.resolve("discord-interactions")).href);

const verdicts = [];
for await (const line of createInterface({ input: process.stdin })) {
  const { body, signature, timestamp, key } = JSON.parse(line);
  verdicts.push(await verifyKey(Buffer.from(body, "base64"), signature, timestamp, key));
}
console.log(JSON.stringify(verdicts));
