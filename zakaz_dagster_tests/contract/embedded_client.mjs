// What a program in Node does with ClickHouse, through the official client; prints what it saw as one JSON object.
import { Readable } from 'node:stream'
import { createRequire } from 'node:module'

const { createClient } = createRequire(process.cwd() + '/')('@clickhouse/client')
const [url, password] = process.argv.slice(2)
const seen = {}

async function talk(name, compression) {
  const client = createClient({ url, password, database: 'node', compression: { request: compression, response: compression } })
  const table = `t_${name}`
  const json = async (query, more = {}) => (await client.query({ query, format: 'JSONEachRow', ...more })).json()

  const ping = await client.ping()
  await client.command({ query: `CREATE OR REPLACE TABLE ${table} (id UInt32, city String) ENGINE = MergeTree ORDER BY id` })
  const few = await client.insert({ table, values: [{ id: 1, city: 'томск' }, { id: 2, city: "it's" }], format: 'JSONEachRow' })
  const stream = Readable.from((function* () { for (let id = 3; id <= 20000; id++) yield { id, city: 'x'.repeat(40) } })(), { objectMode: true })
  const many = await client.insert({ table, values: stream, format: 'JSONEachRow' })
  let streamed = 0
  const result = await client.query({ query: `SELECT * FROM ${table}`, format: 'JSONEachRow' })
  for await (const rows of result.stream()) streamed += rows.length
  let code = null
  try { await client.query({ query: 'SELECT * FROM nope' }) } catch (error) { code = error.code }
  const whole = await (await client.query({ query: `SELECT count() AS n FROM ${table}`, format: 'JSON', query_id: `node.${name}` })).json()
  seen[name] = {
    ping: ping.success,
    written: [few.summary?.written_rows, many.summary?.written_rows],
    streamed,
    code,
    count: whole.data[0].n,
    meta: whole.meta,
    bound: await json('SELECT {city:String} AS city, {n:Array(Int8)} AS n', { query_params: { city: "a'b\tc", n: [1, 2] } }),
    threads: await json("SELECT getSetting('max_threads') AS threads", { clickhouse_settings: { max_threads: 3 } }),
    together: (await Promise.all([...Array(10).keys()].map((n) => json(`SELECT ${n} AS n`)))).map(([row]) => row.n),
    exec: await text(await client.exec({ query: 'SELECT 42 FORMAT CSV' })),
    query_id: (await client.query({ query: 'SELECT 1', query_id: `node.${name}.2` })).query_id,
  }
  await client.close()
}

async function text({ stream }) {
  let out = ''
  for await (const chunk of stream) out += chunk
  return out
}

await talk('plain', false)
await talk('gzip', true)
console.log(JSON.stringify(seen))
