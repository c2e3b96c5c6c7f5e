-- A merchant's past, told in a few set-based statements: customers, orders over a year, commissions, books.
INSERT INTO customers_customer (merchant_id, id, external_id, email, name, language, inherited, status, notes, tags,
                                metadata, created_at)
SELECT %(merchant)s, uuidv7(moment.ago), 'u' || n, 'customer-' || n || '@history.example', 'Customer ' || n, '', '{}',
       'active', '', '{}', '{}', now() + moment.ago
  FROM generate_series(1, greatest(%(orders)s / 10, 1)) n,
       LATERAL (SELECT -(n %% 31536000) * interval '1 second' AS ago) moment;

CREATE TEMPORARY TABLE past ON COMMIT DROP AS
SELECT n, uuidv7(ago) AS order_id, uuidv7(ago) AS commission_id, uuidv7(ago) AS transaction_id, amount,
       now() + ago AS moment, partners[1 + n %% cardinality(partners)] AS partner_id,
       customers[1 + n %% cardinality(customers)] AS customer_id
  FROM (SELECT array(SELECT id FROM affiliates_partner) AS partners, array(SELECT id FROM customers_customer) AS customers),
       generate_series(1, %(orders)s) n,
       LATERAL (SELECT -((n::bigint * 7919) %% 31536000) * interval '1 second' AS ago, 500 + n %% 50000 AS amount);

INSERT INTO orders_order (merchant_id, id, source, external_id, fingerprint, customer_id, partner_id, currency, amount,
                          tax, shipping, discount, refunded, lines, coupon_code, country, platform, notes, metadata,
                          attribution, is_first, placed_at, created_at)
SELECT %(merchant)s, order_id, 'api', 'past-' || n, '', customer_id, partner_id, 'USD', amount, 0, 0, 0, 0, '[]', '', '',
       '', '', '{}', '{"winner": null, "candidates": []}', false, moment, moment FROM past;

INSERT INTO commissions_commission (merchant_id, id, partner_id, order_id, customer_id, currency, base, amount, reversed,
                                    status, held_until, explanation, occurred_at, created_at)
SELECT %(merchant)s, commission_id, partner_id, order_id, customer_id, 'USD', amount, amount / 10, 0,
       CASE WHEN moment + interval '30 days' > now() THEN 'pending' ELSE 'approved' END, moment + interval '30 days',
       '{"steps": []}', moment, moment FROM past;

WITH posted AS (
    INSERT INTO ledger_transaction (merchant_id, id, reference, kind, occurred_at)
    SELECT %(merchant)s, transaction_id, 'commission:' || commission_id || ':accrual', 'commission_accrual', moment
      FROM past
)
INSERT INTO ledger_entry (merchant_id, transaction_id, account, currency, amount)
SELECT %(merchant)s, transaction_id, side.account, 'USD', side.sign * amount / 10
  FROM past, LATERAL (VALUES ('partner:' || partner_id || ':earned', 1), ('merchant:commission_expense', -1))
       AS side (account, sign);

INSERT INTO stats_stalemark (merchant_id, touched) VALUES (%(merchant)s, '{everything}')
