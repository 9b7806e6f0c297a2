/** Waits for something in this process, which takes milliseconds; for other processes there is `until` in e2e.ts. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
