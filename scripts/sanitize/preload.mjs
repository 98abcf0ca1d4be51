import { runProgram } from './program.mjs';

/** For LD_PRELOAD: the sanitizers' libraries must be there before Node allocates. */
export async function preload() {
  const names = ['libasan.so', 'libubsan.so'];
  const paths = await Promise.all(
    names.map(async (name) => {
      const { output } = await runProgram(process.env.CXX ?? 'g++', [`-print-file-name=${name}`]);
      const path = output.trim();
      // The compiler repeats the name of what it does not have.
      if (!path.startsWith('/')) throw new Error(`the compiler has no ${name}: install libasan and libubsan for it`);
      return path;
    }),
  );
  return paths.join(' ');
}
