// @ts-check
// Simulated devices say so in their texts: the protocol has no other room for it.

/** Whether a text of the device says that what it tells of is simulated. @param {...(string | null | undefined)} texts */
export function saysSimulated(...texts) {
  return texts.some((text) => /\bsimulated?\b/i.test(text ?? ''));
}
