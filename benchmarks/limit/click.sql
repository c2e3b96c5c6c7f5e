\set link random(1, 2000)
\set token random(1, 9000000000000000)
INSERT INTO click (merchant_id, partner_id, link_id, token, address, agent) SELECT merchant_id, partner_id, id, 't' || :token, '127.0.0.1', 'Mozilla/5.0 (X11; Linux x86_64) benchmark' FROM link WHERE code = 'b' || :link;
