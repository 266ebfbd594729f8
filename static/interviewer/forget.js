// After everything was deleted on the server: what this device keeps of interviews goes too.

import { forgetAll } from "./drafts.js";

forgetAll();
