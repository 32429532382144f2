// The site of docs/: the same Markdown that GitHub shows. The sidebar is what `docs/README.md` lists, links that leave
// docs/ lead to the repository, and a link within it that leads nowhere fails the build.

import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitepress';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
const repository = 'https://github.com/dartflare/dartflare';

/** Groups and pages of `docs/README.md`: a heading of the second level, then rows `| [Title](page.md) | ... |`. */
function sidebar() {
  const groups = [];
  for (const line of readFileSync(`${docs}README.md`, 'utf8').split('\n')) {
    const heading = line.match(/^## (.+)$/);
    if (heading) groups.push({ text: heading[1], items: [] });
    const page = line.match(/^\| \[([^\]]+)\]\(([^)#]+)\.md\) \|/);
    if (page) groups.at(-1).items.push({ text: page[1], link: `/${page[2]}` });
  }
  return groups.filter(({ items }) => items.length > 0);
}

/** A heading's anchor as GitHub makes it, so that a link is right in both places. */
const slugify = (heading) =>
  heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, '').replaceAll(' ', '-');

/** Sends links that leave docs/ to the repository, where there are folders and files that are no pages. */
function linkOut(markdown) {
  markdown.core.ruler.push('link-out', (state) => {
    const page = state.env.relativePath ?? '';
    for (const { children } of state.tokens) {
      for (const token of children ?? []) {
        if (token.type !== 'link_open') continue;
        const target = token.attrGet('href');
        if (/^([a-z]+:|#|\/)/.test(target)) continue;
        const path = posix.join('docs', posix.dirname(page), target);
        if (!path.startsWith('docs/')) token.attrSet('href', `${repository}/tree/main/${path}`);
      }
    }
  });
}

/** Lets the button that copies a block of commands leave out their `$`, which it does for shells. */
function copyCommands(markdown) {
  markdown.core.ruler.push('copy-commands', (state) => {
    for (const token of state.tokens) if (token.type === 'fence' && token.info === 'console') token.info = 'sh';
  });
}

/** Finds the packages that a page needs beside this file: docs/ has none. */
const packagesOfTheSite = {
  name: 'packages-of-the-site',
  enforce: 'pre',
  resolveId(id, importer, options) {
    if (!importer?.startsWith(docs) || !/^vue(\/|$)/.test(id)) return null;
    return this.resolve(id, fileURLToPath(import.meta.url), { ...options, skipSelf: true });
  },
};

/** A dart of one shape, in the page itself. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#0175c2" d="m2 2 12 5-5 2-2 5z"/></svg>',
)}`;

export default defineConfig({
  title: 'dartflare',
  description: 'Write Cloudflare Workers and Pages Functions in Dart',
  lang: 'en',
  head: [['link', { rel: 'icon', href: ICON }]],
  base: process.env.DARTFLARE_SITE_BASE ?? '/',
  srcDir: '../../docs',
  outDir: '../../target/site',
  cacheDir: '../../target/site-cache',
  cleanUrls: false,
  lastUpdated: false,
  // `README.md` is the index that GitHub shows for the folder.
  rewrites: { 'README.md': 'index.md' },
  markdown: {
    anchor: { slugify },
    config(markdown) {
      linkOut(markdown);
      copyCommands(markdown);
    },
  },
  vite: { plugins: [packagesOfTheSite] },
  themeConfig: {
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: repository }],
    editLink: { pattern: `${repository}/edit/main/docs/:path`, text: 'Edit this page' },
  },
});
