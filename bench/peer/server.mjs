// The peer: PostGraphile on the same tables, without authentication or visibility.
// PGHOST (a socket folder), PGDATABASE, SCHEMA and PORT come from the environment.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const schema = process.env.SCHEMA;
const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      poolConfig: {
        host: process.env.PGHOST,
        user: process.env.PGUSER,
        database: process.env.PGDATABASE,
        max: 16,
        options: `-c search_path=${schema},public`,
      },
      schemas: [schema],
    }),
  ],
  grafserv: { graphiql: false, watch: false },
};

const server = createServer();
server.keepAliveTimeout = 60_000;
const serv = postgraphile(preset).createServ(grafserv);
await serv.addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1");
