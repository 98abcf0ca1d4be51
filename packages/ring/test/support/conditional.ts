/** A test that needs something of the machine: skipped with the reason in its title where `refusal` is one. */
export function itUnless(refusal: string | undefined, title: string, body: () => void | Promise<void>): void {
  if (refusal === undefined) it(title, body);
  else it.skip(`${title} (skipped: ${refusal})`, body);
}
