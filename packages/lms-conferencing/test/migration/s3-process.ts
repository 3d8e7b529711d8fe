// Copies one recording to a bucket, in parts, from wherever it stands; made to be killed. The AWS SDK's environment says where.
import { s3SinkAt } from '../../src/s3.ts'
import { contentOf, pieces } from './recorded-bytes.ts'

const [url = '', name = '', size = '0'] = process.argv.slice(2)
const bytes = contentOf(Number(size))
const sink = s3SinkAt(url, { partBytes: 5 * 2 ** 20 })
const { bytes: there, isWhole } = await sink.stat(name)
if (!isWhole) {
  if (there < bytes.length) await sink.append(name, there, pieces(bytes.subarray(there)))
  await sink.finish(name, bytes.length)
}
process.stdout.write('done\n')
