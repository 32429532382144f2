/** Sends a request to a function, with `value` as JSON; throws what the function says is wrong. */
export async function api(method, path, value) {
  const response = await fetch(path, {
    method,
    headers: value === undefined ? {} : { 'content-type': 'application/json' },
    body: value === undefined ? undefined : JSON.stringify(value),
  });
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  const answer = isJson ? await response.json() : null;
  if (response.ok) return answer;
  throw Object.assign(new Error(answer?.problem ?? `The server says ${response.status}.`), { status: response.status });
}
