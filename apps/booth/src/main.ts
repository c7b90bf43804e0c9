// Entry point of the page.
import './compat.ts';
import './booth.ts';
