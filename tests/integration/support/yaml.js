// yaml.js - writes plain data as block YAML, as a person would write a configuration.

const isPlain = (text) =>
  /^[A-Za-z_][\w./-]*$/.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text);

const scalar = (value) =>
  typeof value === 'string' && !isPlain(value) ? JSON.stringify(value) : String(value);

const isScalar = (value) => value === null || typeof value !== 'object';

function lines(value) {
  if (Array.isArray(value)) return value.flatMap(item);
  return Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .flatMap(([key, inner]) => {
      if (isScalar(inner)) return [`${key}: ${scalar(inner)}`];
      if (Object.keys(inner).length === 0) return [`${key}: ${Array.isArray(inner) ? '[]' : '{}'}`];
      return [`${key}:`, ...lines(inner).map((line) => `  ${line}`)];
    });
}

function item(value) {
  if (isScalar(value)) return [`- ${scalar(value)}`];
  const [first, ...rest] = lines(value);
  return [`- ${first}`, ...rest.map((line) => `  ${line}`)];
}

export const toYaml = (value) => `${lines(value).join('\n')}\n`;
