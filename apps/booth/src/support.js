// Written for browsers too old for the booth itself (ECMAScript 5): says so in plain words, with the help line.
(function () {
  'use strict';
  var root = document.documentElement;
  // More reliable than <noscript>, which script blockers leave unseen.
  root.setAttribute('data-script', '');
  var words = {
    fr: {
      old: 'Ce navigateur est trop ancien pour chiffrer votre vote. Utilisez un autre téléphone ou ordinateur, ou mettez ce navigateur à jour. Rien n’a été envoyé.',
      load: 'L’isoloir n’a pas pu se charger. Vérifiez votre connexion, puis rechargez cette page. Rien n’a été envoyé.',
      help: 'Besoin d’aide\u202f? '
    },
    en: {
      old: 'This browser is too old to encrypt your vote. Use another telephone or computer, or update this browser. Nothing was sent.',
      load: 'The booth could not be loaded. Check your connection, then reload this page. Nothing was sent.',
      help: 'Need help? '
    }
  };
  var told = '';

  function paragraph(text) {
    var p = document.createElement('p');
    p.textContent = text;
    return p;
  }

  function show(reason, language, help) {
    var place = document.getElementById('booth');
    var texts = words[language] || words.fr;
    if (!place) return;
    root.lang = language === 'en' ? 'en' : 'fr';
    while (place.firstChild) place.removeChild(place.firstChild);
    var note = document.createElement('div');
    note.className = 'note stop';
    note.setAttribute('role', 'alert');
    note.appendChild(paragraph(texts[reason]));
    place.appendChild(note);
    if (help && help.phone) {
      var line = paragraph(texts.help);
      var link = document.createElement('a');
      link.href = 'tel:' + String(help.phone).replace(/[^+\d]/g, '');
      link.textContent = help.phone;
      line.appendChild(link);
      line.appendChild(document.createTextNode(', ' + help.hours));
      place.appendChild(line);
    }
  }

  function tell(reason) {
    if (told || root.hasAttribute('data-started')) return;
    told = reason;
    root.setAttribute('data-unsupported', '');
    var guess = String(navigator.language || 'fr').slice(0, 2);
    show(reason, guess, null);
    var request = new XMLHttpRequest();
    request.open('GET', location.pathname.replace(/\/+$/, '') + '/setup');
    request.onload = function () {
      try {
        var setup = JSON.parse(request.responseText);
        show(reason, setup.language || guess, setup.help);
      } catch (ignored) { /* the sentence without a number stands */ }
    };
    request.send();
  }

  function supported() {
    return typeof BigInt === 'function' && typeof Promise === 'function' && typeof fetch === 'function'
      && typeof AbortController === 'function' && !!window.crypto && !!crypto.getRandomValues
      && 'replaceChildren' in Element.prototype;
  }

  // A script that did not arrive, or that this browser cannot read, before the booth has started.
  window.addEventListener('error', function (event) {
    var script = event.target && event.target.tagName === 'SCRIPT';
    if (script || /booth\.js/.test(event.filename || '')) tell(script ? 'load' : 'old');
  }, true);
  document.addEventListener('DOMContentLoaded', function () { if (!supported()) tell('old'); });
})();
