// The native part of aws-lambda-ric, in JavaScript: the three calls of the Runtime API that its C++ makes. For machines
// where that does not build; everything that writes log lines is JavaScript anyway.
//
//   node --require transport.cjs .../aws-lambda-ric/bin/index.mjs app.handler
const http = require("http");
const Module = require("module");

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body, headers) {
  return new Promise((resolve, reject) => {
    const options = { host, port, method, path: "/2018-06-01/runtime/invocation/" + path, headers, agent };
    const request = http.request(options, (answer) => {
      let text = "";
      answer.setEncoding("utf-8").on("data", (part) => (text += part));
      answer.on("end", () => resolve({ bodyJson: text, headers: answer.headers }));
    });
    request.on("error", reject).end(body);
  });
}

// Answers are posted without being waited for; asking for the next invocation waits for them.
let posted = Promise.resolve();
const client = {
  initializeClient() {},
  next: () => posted.then(() => call("GET", "next")),
  done: (id, body) => void (posted = call("POST", id + "/response", body)),
  error: (id, body) =>
    void (posted = call("POST", id + "/error", body, { "Lambda-Runtime-Function-Error-Type": "Unhandled" })),
};

const load = Module._load;
Module._load = (request, ...rest) => (request.endsWith("rapid-client.node") ? client : load(request, ...rest));
