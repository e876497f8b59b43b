// What an application written with the official Node SDK does; prints what it saw as one JSON line.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const require = createRequire(pathToFileURL(path.join(process.cwd(), "package.json")));
const { default: OpenAI, APIError } = await import(pathToFileURL(require.resolve("openai")).href);

const client = new OpenAI({
  baseURL: `${process.env.GATEWAY_URL}/v1`,
  apiKey: process.env.GATEWAY_TOKEN,
  maxRetries: 0,
});
const user = (content) => [{ role: "user", content }];
const tools = [
  { type: "function", function: { name: "lookup", parameters: { type: "object", properties: {} } } },
];

async function readStream(body) {
  const stream = await client.chat.completions.create({ model: "openclaw", stream: true, ...body });
  let text = "";
  let finish = null;
  let usage = null;
  let error = null;
  try {
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? "";
      finish = chunk.choices[0]?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
  } catch (thrown) {
    error = { isApiError: thrown instanceof APIError, message: thrown.message };
  }
  return { text, finish, usage, error };
}

const scenarios = {
  plain: async () => {
    const answer = await client.chat.completions.create({
      model: "openclaw",
      messages: user("/fake text tokens=5"),
    });
    return { text: answer.choices[0].message.content, usage: answer.usage, id: answer.id };
  },
  stream: () =>
    readStream({ messages: user("/fake text tokens=5"), stream_options: { include_usage: true } }),
  tools: async () => {
    const first = await client.chat.completions.create({
      model: "openclaw",
      messages: user("/fake tool name=lookup"),
      tools,
    });
    const call = first.choices[0].message.tool_calls[0];
    const second = await client.chat.completions.create({
      model: "openclaw",
      messages: [
        ...user("/fake tool name=lookup"),
        first.choices[0].message,
        { role: "tool", tool_call_id: call.id, content: "sunny" },
      ],
      tools,
    });
    return {
      finish: first.choices[0].finish_reason,
      name: call.function.name,
      arguments: JSON.parse(call.function.arguments),
      answer: second.choices[0].message.content,
    };
  },
  midStreamError: () => readStream({ messages: user("/fake error after=3") }),
  refused: async () => {
    const bad = new OpenAI({ baseURL: client.baseURL, apiKey: "wrong", maxRetries: 0 });
    try {
      await bad.models.list();
      return { refused: false };
    } catch (thrown) {
      return { refused: true, status: thrown.status, type: thrown.type };
    }
  },
  models: async () => ({ ids: (await client.models.list()).data.map((model) => model.id) }),
};

console.log(JSON.stringify(await scenarios[process.argv[2]]()));
