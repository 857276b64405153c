// Pure: tokens of services by the uuid that clients see. They lie here and in no object of the snapshot, so that whoever lists, watches
// or logs objects cannot show them.

export class Tokens {
  #byService: ReadonlyMap<string, string> = new Map();

  /** All declared tokens in place of those before; true if that changes any. */
  use(byService: ReadonlyMap<string, string>): boolean {
    const before = this.#byService;
    this.#byService = byService;
    return before.size !== byService.size || [...byService].some(([uuid, token]) => before.get(uuid) !== token);
  }

  of(serviceUuid: string): string | null {
    return this.#byService.get(serviceUuid) ?? null;
  }
}
