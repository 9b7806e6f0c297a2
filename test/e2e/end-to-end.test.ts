/**
 * The product as its users start it: the built command line, a real Temporal server, a real model server, a real trainer.
 * One undisturbed run is shared; what is interrupted, steered or killed must end with the same files.
 */
import { Home } from '../support/e2e';
import { performReferenceRun, type ReferenceRun } from '../support/e2e-runs';
import { badInput } from './bad-input';
import { killed } from './killed';
import { temporalCli } from './temporal-cli';
import { wholeRun } from './whole-run';

// Every step waits for real processes; only one that hangs takes this long.
jest.setTimeout(900_000);

const home = new Home('reference');
let undisturbed: ReferenceRun;

beforeAll(async () => {
  undisturbed = await performReferenceRun(home);
});

afterAll(() => home.destroy());

const reference = () => undisturbed;

describe('maft run, undisturbed', () => wholeRun(reference));
describe('bad input and trouble', () => badInput());
describe('the Temporal CLI, with maft up', () => temporalCli(reference));
describe('a run that is interrupted and killed', () => killed(reference));
