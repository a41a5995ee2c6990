// A controller in small: applies what is to be done first, again and again where asked, until it is killed.
import { openFolder } from '../package-folder.ts'

const [folder = '', specs = '[]', times = '1'] = process.argv.slice(2)
const site = openFolder(folder)
const list = JSON.parse(specs)
for (let round = 0; round < Number(times); round += 1) {
  for (const spec of list) {
    const { actions } = await site.look(spec)
    if (actions[0]) await site.apply(actions[0])
  }
}
