-- The least that tracking a sale can keep: tenants without isolation, books without a guard, figures without a source.
CREATE TABLE merchant (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE partner (
    id int PRIMARY KEY, merchant_id int NOT NULL REFERENCES merchant, name text NOT NULL, basis_points int NOT NULL
);
CREATE TABLE coupon (
    merchant_id int NOT NULL REFERENCES merchant, code text NOT NULL, partner_id int NOT NULL REFERENCES partner,
    PRIMARY KEY (merchant_id, code)
);
CREATE TABLE customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, merchant_id int NOT NULL REFERENCES merchant,
    external_id text NOT NULL, orders int NOT NULL, revenue bigint NOT NULL, UNIQUE (merchant_id, external_id)
);
CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, merchant_id int NOT NULL REFERENCES merchant,
    key text NOT NULL, body jsonb NOT NULL, came_at timestamptz NOT NULL DEFAULT now(), UNIQUE (merchant_id, key)
);
CREATE TABLE sale (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, merchant_id int NOT NULL REFERENCES merchant,
    event_id bigint NOT NULL REFERENCES event, external_id text NOT NULL, customer_id bigint NOT NULL REFERENCES customer,
    partner_id int REFERENCES partner, amount bigint NOT NULL, placed_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (merchant_id, external_id)
);
CREATE TABLE commission (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, merchant_id int NOT NULL REFERENCES merchant,
    sale_id bigint NOT NULL REFERENCES sale, partner_id int NOT NULL REFERENCES partner, amount bigint NOT NULL,
    status smallint NOT NULL DEFAULT 0, made_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON commission (merchant_id, made_at DESC, id DESC);
CREATE INDEX ON commission (partner_id, made_at);
CREATE TABLE entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, merchant_id int NOT NULL REFERENCES merchant,
    account text NOT NULL, partner_id int, commission_id bigint NOT NULL REFERENCES commission, amount bigint NOT NULL,
    posted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON entry (partner_id, id);
CREATE TABLE partner_total (
    merchant_id int, partner_id int, orders bigint NOT NULL, revenue bigint NOT NULL, earned bigint NOT NULL,
    PRIMARY KEY (merchant_id, partner_id)
) WITH (fillfactor = 50);
CREATE TABLE partner_day (
    merchant_id int, partner_id int, day date, orders bigint NOT NULL, revenue bigint NOT NULL, earned bigint NOT NULL,
    PRIMARY KEY (merchant_id, partner_id, day)
) WITH (fillfactor = 50);
CREATE TABLE link (
    id int PRIMARY KEY, merchant_id int NOT NULL, partner_id int NOT NULL, code text NOT NULL UNIQUE, url text NOT NULL
);
CREATE TABLE click (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, merchant_id int NOT NULL, partner_id int NOT NULL,
    link_id int NOT NULL, token text NOT NULL, address text, agent text, clicked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON click (merchant_id, clicked_at);

INSERT INTO merchant SELECT m, 'Merchant ' || m FROM generate_series(1, 20) m;
INSERT INTO partner SELECT p, (p - 1) / 500 + 1, 'Partner ' || p, 1000 FROM generate_series(1, 10000) p;
INSERT INTO coupon SELECT merchant_id, 'C' || (id - 1) % 500 + 1, id FROM partner;
INSERT INTO link SELECT id, merchant_id, id, 'b' || id, 'https://shop.example/' || id FROM partner;

CREATE FUNCTION track(m int, k text, o text, c text, who text, sum bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE e bigint; p int; points int; buyer bigint; s bigint; earned bigint; made bigint;
BEGIN
    INSERT INTO event (merchant_id, key, body)
    VALUES (m, k, jsonb_build_object('order', o, 'coupon', c, 'customer', who, 'amount', sum))
    ON CONFLICT DO NOTHING RETURNING id INTO e;
    IF e IS NULL THEN
        SELECT sale.id INTO s FROM event JOIN sale ON sale.event_id = event.id WHERE event.merchant_id = m AND key = k;
        RETURN s;
    END IF;
    SELECT partner_id, basis_points INTO p, points FROM coupon JOIN partner ON partner.id = coupon.partner_id
     WHERE coupon.merchant_id = m AND code = c;
    INSERT INTO customer AS old (merchant_id, external_id, orders, revenue) VALUES (m, who, 1, sum)
        ON CONFLICT (merchant_id, external_id) DO UPDATE SET orders = old.orders + 1, revenue = old.revenue + sum
        RETURNING id INTO buyer;
    INSERT INTO sale (merchant_id, event_id, external_id, customer_id, partner_id, amount)
    VALUES (m, e, o, buyer, p, sum) RETURNING id INTO s;
    earned := sum * points / 10000;
    INSERT INTO commission (merchant_id, sale_id, partner_id, amount) VALUES (m, s, p, earned) RETURNING id INTO made;
    INSERT INTO entry (merchant_id, account, partner_id, commission_id, amount)
    VALUES (m, 'partner', p, made, earned), (m, 'expense', NULL, made, -earned);
    INSERT INTO partner_total AS old VALUES (m, p, 1, sum, earned) ON CONFLICT (merchant_id, partner_id)
        DO UPDATE SET orders = old.orders + 1, revenue = old.revenue + sum, earned = old.earned + excluded.earned;
    INSERT INTO partner_day AS old VALUES (m, p, current_date, 1, sum, earned) ON CONFLICT (merchant_id, partner_id, day)
        DO UPDATE SET orders = old.orders + 1, revenue = old.revenue + sum, earned = old.earned + excluded.earned;
    RETURN s;
END $$;
