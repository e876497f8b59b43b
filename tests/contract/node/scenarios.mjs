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

const functions = [
  { type: "function", name: "lookup", parameters: { type: "object", properties: {} }, strict: false },
];
const respond = (body) => client.responses.create({ model: "openclaw", ...body });

async function readEvents(stream, most = Infinity) {
  const events = [];
  for await (const event of stream) {
    events.push(event);
    if (events.length === most) break;
  }
  return events;
}

async function ended(response) {
  while (["queued", "in_progress"].includes(response.status)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    response = await client.responses.retrieve(response.id);
  }
  return response;
}

const responses = {
  response: async () => {
    const answer = await respond({ input: "/fake text tokens=5" });
    return { text: answer.output_text, status: answer.status, id: answer.id, usage: answer.usage };
  },
  responseStream: async () => {
    const stream = client.responses.stream({ model: "openclaw", input: "/fake text tokens=5" });
    const numbers = (await readEvents(stream)).map((event) => event.sequence_number);
    return { numbers, text: (await stream.finalResponse()).output_text };
  },
  responseTools: async () => {
    const first = await respond({ input: "/fake tool name=lookup", tools: functions });
    const call = first.output.find((item) => item.type === "function_call");
    const result = { type: "function_call_output", call_id: call.call_id, output: "sunny" };
    const continued = await respond({
      input: [result],
      tools: functions,
      previous_response_id: first.id,
    });
    const whole = await respond({
      input: [{ role: "user", content: "/fake tool name=lookup" }, ...first.output, result],
      tools: functions,
    });
    return {
      arguments: JSON.parse(call.arguments),
      continued: continued.output_text,
      whole: whole.output_text,
    };
  },
  responseBackground: async () => {
    const begun = await respond({ input: "/fake text tokens=20 delay_ms=10", background: true });
    const answer = await ended(begun);
    return { begun: begun.status, status: answer.status, text: answer.output_text };
  },
  responseResumed: async () => {
    const stream = await respond({
      input: "/fake text tokens=20 delay_ms=20",
      background: true,
      stream: true,
    });
    const got = await readEvents(stream, 9);
    const after = { stream: true, starting_after: got.at(-1).sequence_number };
    got.push(...(await readEvents(await client.responses.retrieve(got[0].response.id, after))));
    const deltas = got.filter((event) => event.type === "response.output_text.delta");
    return {
      numbers: got.map((event) => event.sequence_number),
      text: deltas.map((event) => event.delta).join(""),
      last: got.at(-1).type,
    };
  },
  responseCancelled: async () => {
    const begun = await respond({ input: "/fake hang after=2", background: true });
    return { status: (await client.responses.cancel(begun.id)).status };
  },
  responseItems: async () => {
    const answer = await respond({ input: "/fake text tokens=1" });
    const items = [];
    for await (const item of client.responses.inputItems.list(answer.id)) items.push(item);
    return { texts: items.map((item) => item.content[0].text) };
  },
  responseDeleted: async () => {
    const answer = await respond({ input: "/fake text tokens=1" });
    await client.responses.delete(answer.id);
    try {
      await client.responses.retrieve(answer.id);
      return { status: 200 };
    } catch (thrown) {
      return { status: thrown.status, code: thrown.code };
    }
  },
};

const scenarios = {
  ...responses,
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
  embeddings: async () => {
    const answer = await client.embeddings.create({ model: "openclaw", input: ["a", "bcd"] });
    return { vectors: answer.data.map((item) => item.embedding), usage: answer.usage };
  },

  models: async () => ({ ids: (await client.models.list()).data.map((model) => model.id) }),
};

console.log(JSON.stringify(await scenarios[process.argv[2]]()));
