// The Worker that `dartflare test` asks for the environments of tests, each of which is a Worker of its own beside this
// one.

export default {
  fetch(request, env) {
    const name = new URL(request.url).pathname.slice(1);
    return env[name]?.fetch(request) ?? new Response(null, { status: 404 });
  },
};
