import { api } from '../api.js';

const at = (id) => document.getElementById(id);

/** Does `change`, and then shows the books as they are. */
async function after(change) {
  at('problem').textContent = '';
  try {
    await change();
    await show();
  } catch (error) {
    // The session is over.
    if (error.status === 401) return location.assign('/');
    at('problem').textContent = error.message;
  }
}

async function show() {
  const address = location.search;
  for (const link of at('shows').children) {
    link.toggleAttribute('aria-current', new URL(link.href).search === address);
  }
  const books = await api('GET', `/api/books${address}`);
  // Meanwhile another list may have been asked for.
  if (address !== location.search) return;
  at('books').replaceChildren(...books.map(line));
  at('none').hidden = books.length > 0;
}

function line({ id, title, author, isRead }) {
  const made = document.createElement('li');
  const label = document.createElement('label');
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: isRead });
  const remove = Object.assign(document.createElement('button'), { textContent: 'Remove', className: 'plain' });
  made.classList.toggle('read', isRead);
  label.append(box, text('title', title), ' ', text('author', author));
  made.append(label, remove);
  box.onchange = () => after(() => api('PATCH', `/api/books/${id}`, { isRead: box.checked }));
  remove.onclick = () => after(() => api('DELETE', `/api/books/${id}`));
  return made;
}

function text(className, textContent) {
  return Object.assign(document.createElement('span'), { className, textContent });
}

at('add').onsubmit = (event) => {
  event.preventDefault();
  const form = event.target;
  const { title, author } = Object.fromEntries(new FormData(form));
  after(async () => {
    await api('POST', '/api/books', { title, author });
    form.reset();
    form.elements.title.focus();
  });
};

at('sign-out').onclick = async () => {
  await api('DELETE', '/api/session');
  location.assign('/');
};

at('shows').onclick = (event) => {
  if (event.target.tagName !== 'A' || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, '', event.target.href);
  after(() => {});
};
onpopstate = () => after(() => {});

await after(async () => (at('name').textContent = (await api('GET', '/api/session')).name));
