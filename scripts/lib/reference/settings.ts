// Pure: the settings as rows, from the configuration's JSON Schema.

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
}

export interface Setting {
  readonly key: string;
  readonly values: string;
  /** JSON; empty: none. */
  readonly default: string;
}

/** Depth first, in the order of the file; `networks[].name` is a key of each entry of a list. */
export function settingsOf(schema: unknown, key = ''): Setting[] {
  const { properties, items } = schema as Schema;
  if (properties)
    return Object.entries(properties).flatMap(([name, inner]) => below(inner, key === '' ? name : `${key}.${name}`));
  return items?.properties ? settingsOf(items, `${key}[]`) : [];
}

function below(schema: Schema, key: string): Setting[] {
  if (schema.properties) return settingsOf(schema, key);
  const setting: Setting = {
    key,
    values: valuesOf(schema),
    default: schema.default === undefined ? '' : JSON.stringify(schema.default),
  };
  return [setting, ...settingsOf(schema, key)];
}

function valuesOf(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(valuesOf).join(' or ');
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum) return schema.enum.join(', ');
  if (schema.type === 'array') return `list of ${schema.items ? valuesOf(schema.items) : 'anything'}`;
  if (schema.properties) {
    const required = schema.required ?? [];
    return `{ ${Object.keys(schema.properties)
      .map((name) => (required.includes(name) ? name : `${name}?`))
      .join(', ')} }`;
  }
  if (schema.type === 'object')
    return `map to ${typeof schema.additionalProperties === 'object' ? valuesOf(schema.additionalProperties) : 'anything'}`;
  return `${schema.type ?? 'anything'}${rangeOf(schema)}`;
}

/** JavaScript's largest integers say nothing. */
function rangeOf({ minimum, maximum }: Schema): string {
  const low = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const high = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (low === undefined && high === undefined) return '';
  return high === undefined ? ` from ${low}` : ` ${low ?? ''} to ${high}`;
}
