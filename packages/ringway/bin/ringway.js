#!/usr/bin/env node
import { run } from '@ringway/cli';

process.exitCode = await run(process.argv.slice(2));
