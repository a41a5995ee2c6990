import { ownWordsText } from '../src/cli/own-words-text.ts'

/** For esbuild: the words that the program says are found when it is built, because it is installed without its sources. */
export const ownWords = {
  name: 'own-words',
  setup(build) {
    build.onLoad({ filter: /\/own-words-text\.ts$/ }, () => ({
      contents: `export const ownWordsText = () => ${JSON.stringify(ownWordsText())}`,
      loader: 'js',
    }))
  },
}
