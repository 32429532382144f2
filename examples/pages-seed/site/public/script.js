// What the documents show, by file: requests as `METHOD /path body`.
const examples = {
  'Routes by file': {
    'api/time.dart': ['GET /api/time'],
    'api/todos/[[path]].dart': ['GET /api/todos', 'GET /api/todos/7/dates/confirm'],
    'api/todos/[id].dart': ['GET /api/todos/7'],
    'api/[username]/profile.dart': ['GET /api/ada/profile'],
    'api/[[path]].dart': ['GET /api', 'GET /api/anything/else'],
  },
  'Methods and lists of handlers': {
    'hello-world.dart': ['POST /hello-world', 'PUT /hello-world Dart', 'GET /hello-world'],
    'logged.dart': ['GET /logged'],
    'chain.dart': ['GET /chain'],
    'character/[id].dart': ['GET /character/1'],
  },
  'Middleware': {
    'hello/_middleware.dart': ['GET /hello', 'POST /hello', 'GET /hello?fail'],
    'todos/_middleware.dart': ['GET /todos'],
  },
  'Bindings': {
    'bindings/kv.dart': ['PUT /bindings/kv Buy milk', 'GET /bindings/kv'],
    'bindings/r2.dart': ['PUT /bindings/r2 some content', 'GET /bindings/r2'],
    'bindings/d1.dart': ['GET /bindings/d1'],
    'bindings/durable-object.dart': ['GET /bindings/durable-object'],
    'bindings/service.dart': ['GET /bindings/service'],
    'bindings/variable.dart': ['GET /bindings/variable'],
    'bindings/color.dart': ['GET /bindings/color'],
    'bindings/secret.dart': ['GET /bindings/secret'],
  },
  'Files': {
    'public/': ['GET /about', 'GET /nowhere', 'POST /about'],
  },
};

const at = (id) => document.getElementById(id);
const form = at('request');

for (const [title, files] of Object.entries(examples)) {
  at('examples').append(element('h2', title));
  for (const [file, requests] of Object.entries(files)) {
    at('examples').append(element('small', file));
    for (const text of requests) {
      const button = element('button', text);
      button.title = text;
      button.onclick = () => go(...parts(text));
      at('examples').append(button);
    }
  }
}

form.onsubmit = (event) => {
  event.preventDefault();
  go(form.elements.method.value, form.elements.path.value, form.elements.body.value);
};

// A request stands in the address, so that it comes back with a reload, and with the browser's button for back.
onpopstate = show;
show();

function go(method, path, body) {
  history.pushState(null, '', `?${new URLSearchParams({ method, path, body })}`);
  show();
}

async function show() {
  const asked = new URLSearchParams(location.search);
  const [method, path, body] = ['method', 'path', 'body'].map((name) => asked.get(name) ?? '');
  if (!path.startsWith('/') || path.startsWith('//')) return fill('Send a request.', '', '');
  Object.assign(form.elements.method, { value: method });
  Object.assign(form.elements.path, { value: path });
  Object.assign(form.elements.body, { value: body });
  fill(`${method} ${path} …`, '', '');
  const response = await fetch(path, { method, body: body || undefined });
  const text = await response.text();
  if (asked.toString() !== new URLSearchParams(location.search).toString()) return;
  const names = ['content-type', 'x-hello', 'x-response-timing'];
  const headers = names.filter((name) => response.headers.has(name)).map((name) => `${name}: ${response.headers.get(name)}`);
  fill(`${method} ${path} → ${response.status}`, headers.join('\n'), text);
}

function fill(status, headers, body) {
  at('status').textContent = status;
  at('headers').textContent = headers;
  at('body').textContent = body;
}

function parts(text) {
  const [method, path, ...body] = text.split(' ');
  return [method, path, body.join(' ')];
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
