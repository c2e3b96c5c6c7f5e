\set merchant random(1, 20)
\set coupon random(1, 500)
\set customer random(1, 50000)
\set amount random(500, 50000)
\set key random(1, 9000000000000000)
SELECT track(:merchant, 'k' || :key, 'o' || :key, 'C' || :coupon, 'u' || :customer, :amount);
