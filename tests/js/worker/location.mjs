// The formatter asks for `Uri.base` when it starts, which on Wasm is read from here; Workers have none.
globalThis.location ??= { href: 'https://worker.invalid/' };
