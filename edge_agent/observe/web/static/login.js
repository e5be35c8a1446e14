const form = document.getElementById("login");
const problem = document.getElementById("problem");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  const password = document.getElementById("password").value;
  try {
    const response = await fetch("login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ password }),
    });
    if (response.ok) location.replace("./");
    else problem.textContent = (await response.json()).error;
  } catch {
    problem.textContent = "The agent does not answer. Is it running, and is the network there?";
  }
});
