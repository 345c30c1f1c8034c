// Before the first paint, so that a dark page never flashes white; and again whenever the system changes.
{
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const chosen = localStorage.getItem("askpanel.theme");
    const dark = chosen === "dark" || (chosen !== "light" && system.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  };
  show();
  system.addEventListener("change", show);
  addEventListener("askpanel:theme", show);
}
