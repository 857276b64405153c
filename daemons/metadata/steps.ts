// Pure: work that may be left and gone on with later: a generator that stops now and then, and returns what the work was for.

export type Steps<T> = Generator<undefined, T>;

/** All of it at once. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
