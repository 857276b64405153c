// Steps that are undone in reverse order when one of them fails.

export interface Step {
  readonly name: string;
  readonly run: () => void | Promise<void>;
  /** Absence is success: it may run although its step was only half done. */
  readonly undo?: () => unknown;
}

/**
 * Runs the steps in order. If one fails, it and all before it are undone, last first, and its error is thrown. Undoing ends
 * at the first undo that fails: what stands under it, the lease above all, still names what DEL has to take down.
 * @param after called after each step; tests make it throw
 */
export async function runSteps(steps: readonly Step[], after?: (name: string) => void): Promise<void> {
  const begun: Step[] = [];
  try {
    for (const step of steps) {
      begun.push(step);
      await step.run();
      after?.(step.name);
    }
  } catch (error) {
    await undo(begun.reverse()).catch(() => undefined); // the first failure is the one that explains
    throw error;
  }
}

async function undo(steps: readonly Step[]): Promise<void> {
  for (const step of steps) await step.undo?.();
}
