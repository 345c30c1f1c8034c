/** @type {import("next").NextConfig} */
export default {
  output: "export",
  // `/new/` is `new/index.html`: any plain file server finds it.
  trailingSlash: true,
  reactStrictMode: true,
  poweredByHeader: false,
  // `npm run typecheck` is the one place where types are checked.
  typescript: { ignoreBuildErrors: true },
  images: { unoptimized: true },
  turbopack: { root: import.meta.dirname },
};
