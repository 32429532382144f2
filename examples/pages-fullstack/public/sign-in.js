import { api } from './api.js';

const at = (id) => document.getElementById(id);

at('sign-in').onsubmit = async (event) => {
  event.preventDefault();
  at('problem').textContent = '';
  const { name, password } = Object.fromEntries(new FormData(event.target));
  try {
    await api('POST', event.submitter.value, { name, password });
    location.assign(next());
  } catch (error) {
    at('problem').textContent = error.message;
  }
};

/** Where the visitor was sent away from, or else the books; a page of this site in any case. */
function next() {
  const asked = new URL(new URLSearchParams(location.search).get('next') ?? '/shelf/', location.origin);
  return asked.origin === location.origin ? asked.href : '/shelf/';
}

const { name } = await api('GET', '/api/session');
if (name !== null) {
  at('name').textContent = name;
  at('signed-in').hidden = false;
  at('sign-in').hidden = true;
}
