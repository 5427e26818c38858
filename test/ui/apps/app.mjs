// A program that knows nothing of heliograph: it logs, and asks the server named by its argument.

const base = process.argv[2];

async function round(n) {
  console.log(`round ${n}`);
  const list = await fetch(`${base}/orders?page=${n}&token=s3cret-query`, { headers: { authorization: 'Bearer s3cret-header' } });
  const { orders } = await list.json();
  console.log(JSON.stringify({ level: 'warn', logger: 'store', msg: `low stock of ${orders[0].sku}` }));
  const answer = await fetch(`${base}/orders`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ sku: 'A-1', qty: n }) });
  if (answer.status !== 201) console.error(`ERROR order refused: ${answer.status}`);
  const missing = await fetch(`${base}/missing`);
  await missing.text();
}

let n = 0;
async function loop() {
  n += 1;
  await round(n);
  setTimeout(loop, 1000);
}
await loop();
