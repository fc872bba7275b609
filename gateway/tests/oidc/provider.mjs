// A real OpenID Connect provider on loopback. Says its address and its keys, the private ones too, on standard output:
// what a test signs with them, only a careless or broken issuer would. Ends when standard input does.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

const AUDIENCE = 'https://tributary.example/api';
const OTHER_AUDIENCE = 'https://other.example/api';

function makeKey(kid, alg) {
  const { privateKey } = alg === 'ES256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

// Each line of standard input makes a new key and lets it sign from then on, as an issuer does when it rotates.
let keys = [makeKey('first', 'RS256'), makeKey('first-es', 'ES256')];
let callback;
const server = createServer((request, response) => callback(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const setUp = () => {
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: 'script', client_secret: 'secret', redirect_uris: [], response_types: [],
          grant_types: ['client_credentials'],
        },
        {
          client_id: 'web', client_secret: 'secret', redirect_uris: [`${issuer}/back`],
          grant_types: ['authorization_code'], response_types: ['code'],
        },
      ],
      cookies: { keys: ['only for tests'] },
      jwks: { keys },
      claims: { openid: ['sub'] },
      findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, email: 'admin@example.org' }) }),
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => AUDIENCE,
          useGrantedResource: () => true,
          getResourceServerInfo: (_context, resource) => ({
            audience: resource,
            scope: 'read',
            accessTokenFormat: 'jwt',
            accessTokenTTL: 600,
            jwt: { sign: { alg: resource === OTHER_AUDIENCE ? 'ES256' : 'RS256' } },
          }),
        },
      },
      // A claim that grants nothing here, whatever it says.
      extraTokenClaims: () => ({ role: 'admin', countries: ['*'], roles: ['admin'], scope_of_us: '*' }),
    });
    callback = provider.callback();
  };
  setUp();
  console.log(JSON.stringify({ issuer, keys }));
  createInterface({ input: process.stdin })
    .on('line', (kid) => {
      keys = [makeKey(kid, 'RS256'), ...keys.filter((key) => key.kid !== 'first')];
      setUp();
      console.log(JSON.stringify({ issuer, keys }));
    })
    .on('close', () => process.exit(0));
});
