// The configuration's shape as JSON Schema, for the generated reference and for editors.
import { z } from 'zod';
import { configSchema } from './config-schema.ts';

/** Draft 2020-12, of what may be written: keys with defaults need not be there. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
}
