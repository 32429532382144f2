// A Worker whose log goes to the `tail` handler of the one under test.

export default {
  fetch(request) {
    console.log(new URL(request.url).pathname.slice(1));
    return new Response('logged');
  },
};
