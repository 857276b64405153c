// Pure: which keys the configuration knows at a place, so that an error can name the one that was meant.
import type { z } from 'zod';

interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly innerType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
}

/** The keys of the object at `path` below `schema`; none where keys are free or there is no object. */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const definition = definitionOf(schema);
  const [step, ...rest] = path;
  if (step === undefined) return Object.keys(definition.shape ?? {});
  const next = definition.shape?.[String(step)] ?? definition.element;
  return next ? keysAt(next, rest) : [];
}

/** Without the wrappings of optional keys and of defaults. */
function definitionOf(schema: z.core.$ZodType): Definition {
  const definition = schema._zod.def as unknown as Definition;
  return definition.innerType ? definitionOf(definition.innerType) : definition;
}
