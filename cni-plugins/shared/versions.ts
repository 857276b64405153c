// Pure: the versions of the CNI protocol that the plugins speak.

/** Oldest first. A dialect is added here and in render-result.ts. */
export const supportedVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
export type CniVersion = (typeof supportedVersions)[number];

/** In which errors are told when the request's version is unknown. */
export const currentVersion: CniVersion = '1.1.0';

export function isSupported(version: unknown): version is CniVersion {
  return supportedVersions.some((known) => known === version);
}

/** True if `version` is `other` or newer. */
export function atLeast(version: CniVersion, other: CniVersion): boolean {
  return supportedVersions.indexOf(version) >= supportedVersions.indexOf(other);
}

export function renderVersionReply(): string {
  return `${JSON.stringify({ cniVersion: currentVersion, supportedVersions })}\n`;
}
