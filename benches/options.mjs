import { parseArgs } from 'node:util';

/**
 * The options of a bench: `--json`, whole `numbers` from `least` on by their names and defaults, and `paths` by their
 * names.
 */
export function readOptions({ numbers, least = 1, paths = [] }) {
  const options = { json: { type: 'boolean', default: false } };
  for (const [name, usual] of Object.entries(numbers)) options[name] = { type: 'string', default: String(usual) };
  for (const name of paths) options[name] = { type: 'string' };
  const { values } = parseArgs({ options });
  for (const name of Object.keys(numbers)) {
    const number = Number(values[name]);
    if (!Number.isInteger(number) || number < least) {
      console.error(`error: \`--${name} ${values[name]}\` is not a number of ${name}${least > 1 ? ` from ${least}` : ''}`);
      process.exit(2);
    }
    values[name] = number;
  }
  return values;
}
