/** @type {import("next").NextConfig} */
export default {
  output: "export",
  // `/new/` is `new/index.html`: any plain file server finds it.
  trailingSlash: true,
  reactStrictMode: true,
  poweredByHeader: false,
  images: { unoptimized: true },
  turbopack: { root: import.meta.dirname },
};
