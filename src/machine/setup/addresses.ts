/**
 * The only addresses this program fetches from by itself. Everything else comes through pip and npm, as the machine has
 * them configured. Neither is needed: without them plain pip is used, which takes longer.
 */

/** PyTorch's own index of CPU-only wheels: 200 MB instead of the 3 GB of CUDA libraries that the usual Linux wheel brings. */
export const torchCpuIndex = 'https://download.pytorch.org/whl/cpu';

/** Temporal's official download of its CLI; `/v<version>?platform=…&arch=…` answers a tar.gz. */
export const temporalDownload = 'https://temporal.download/cli/archive';
