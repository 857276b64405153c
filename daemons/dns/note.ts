// Pure: how the rules tell what they did, for `corral resolve --trace`. Texts are made only when somebody listens.

/** Told one step, in words; absent: nobody listens. */
export type Note = (step: string) => void;
